/** To come. */

import { Later } from "../shared/later";

export default function Page() {
  return <Later title="Operator">Not built yet.</Later>;
}
