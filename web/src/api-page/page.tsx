/** To come. */

import { Later } from "../shared/later";

export default function Page() {
  return <Later title="API">Not built yet.</Later>;
}
