/** The operator's view: what runs now, how it went, who may, what it cost, what could not be delivered. */

import { useEffect, useState } from "preact/hooks";
import { json, Refused } from "../shared/client";
import { askForKey, forgetKey } from "../shared/key";
import { Costs } from "./costs";
import { Failed } from "./failed";
import { Keys } from "./keys";
import { Now } from "./now";
import { PERIODS, Periods, type Period } from "./period";
import { Plots } from "./plots";
import "./style.css";

/** What only an operator may ask. */
const ASKED = "/v1/account/billing";

export default function Admin() {
  const [isIn, letIn] = useState(false);
  const [trouble, say] = useState<Error | null>(null);
  const knock = () =>
    json(ASKED).then(
      () => {
        say(null);
        letIn(true);
      },
      (error: Error) => say(error),
    );
  useEffect(() => void knock(), []);
  const another = async () => {
    forgetKey();
    if (await askForKey("A key of scope ADMIN is needed.")) await knock();
  };
  return (
    <>
      <div class="heading">
        <h1>Operator</h1>
      </div>
      {isIn && <Rooms />}
      {trouble && (
        <div class="card kept-out">
          <p class="error">{trouble.message}</p>
          {trouble instanceof Refused && [401, 403].includes(trouble.status) && (
            <button type="button" onClick={() => void another()}>
              Use another key
            </button>
          )}
        </div>
      )}
    </>
  );
}

function Rooms() {
  const [period, choose] = useState<Period>(PERIODS[1]!);
  return (
    <>
      <Now />
      <Periods chosen={period} choose={choose} />
      <Plots key={period.name} period={period} />
      <Costs key={`${period.name}, costs`} period={period} />
      <div class="rooms">
        <Keys />
        <Failed />
      </div>
    </>
  );
}
