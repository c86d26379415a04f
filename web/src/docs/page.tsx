/** To come. */

import { Later } from "../shared/later";

export default function Page() {
  return <Later title="Routes">Not built yet.</Later>;
}
