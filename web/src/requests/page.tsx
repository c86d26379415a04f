/** To come. */

import { Later } from "../shared/later";

export default function Page() {
  return <Later title="Requests">Not built yet.</Later>;
}
