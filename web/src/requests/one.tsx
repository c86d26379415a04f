/** To come. */

import { Later } from "../shared/later";

export default function Page() {
  return <Later title="Request">Not built yet.</Later>;
}
