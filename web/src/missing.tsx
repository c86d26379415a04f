/** What an address shows that is none of ours. */

import { link } from "./shared/root";

export default function Missing() {
  return (
    <div class="narrow">
      <h1>There is no such page</h1>
      <p>
        Nothing is at <code>{location.pathname}</code>. <a href={link("/")}>Paint something instead.</a>
      </p>
    </div>
  );
}
