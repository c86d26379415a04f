/** To come. */

import { Later } from "../shared/later";

export default function Page() {
  return <Later title="Playground">Not built yet.</Later>;
}
