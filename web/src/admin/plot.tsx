/** A small plot of numbers over time, for the eye, and the same as a table for everybody else. */

import { useId } from "preact/hooks";

export interface Series {
  name: string;
  /** Null: nothing is known of that bucket. */
  values: (number | null)[];
  /** Which of the colours, 0 to 2. */
  colour: number;
}
interface Shown {
  title: string;
  /** What each bucket is called. */
  names: string[];
  series: Series[];
  /** Stacked bars, or lines. */
  as: "bars" | "lines";
  written: (value: number) => string;
}
const WIDTH = 600;
const HEIGHT = 150;

export function Plot({ title, names, series, as, written }: Shown) {
  const id = useId();
  const tops = names.map((_, n) => {
    const values = series.map(({ values }) => values[n] ?? 0);
    return as === "bars" ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values);
  });
  const top = Math.max(...tops, 0);
  return (
    <figure class="card plot">
      <figcaption id={id}>{title}</figcaption>
      <ul class="legend" aria-hidden="true">
        {series.map(({ name, colour }) => (
          <li key={name} class={`colour-${colour}`}>
            {name}
          </li>
        ))}
      </ul>
      <div class="drawn">
        <span class="top-value" aria-hidden="true">
          {top > 0 ? written(top) : ""}
        </span>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-labelledby={id}>
          <path class="ground" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
          {top > 0 && (as === "bars" ? <Bars series={series} top={top} /> : series.map((each) => <Line key={each.name} series={each} top={top} />))}
        </svg>
        {top === 0 && <p class="hint">Nothing</p>}
      </div>
      <div class="ends" aria-hidden="true">
        <span>{names[0]}</span>
        <span>{names.at(-1)}</span>
      </div>
      <AsTable title={title} names={names} series={series} written={written} />
    </figure>
  );
}

function Bars({ series, top }: { series: Series[]; top: number }) {
  const count = series[0]!.values.length;
  const step = WIDTH / count;
  const below = new Array<number>(count).fill(0);
  return (
    <>
      {series.map(({ name, values, colour }) => (
        <path
          key={name}
          class={`filled colour-${colour}`}
          d={values
            .map((value, n) => {
              if (!value) return "";
              const high = (value / top) * HEIGHT;
              const y = HEIGHT - below[n]! - high;
              below[n] = below[n]! + high;
              return `M${n * step + step * 0.12} ${y}h${step * 0.76}v${high}h${-step * 0.76}z`;
            })
            .join("")}
        />
      ))}
    </>
  );
}

/** With gaps where nothing is known; a lone value is a short stroke. */
function Line({ series: { values, colour }, top }: { series: Series; top: number }) {
  const step = WIDTH / values.length;
  const path = values.map((value, n) => {
    if (value === null) return "";
    const y = HEIGHT - 2 - (value / top) * (HEIGHT - 4);
    const isFirst = n === 0 || values[n - 1] === null;
    return isFirst ? `M${(n + 0.3) * step} ${y}H${(n + 0.5) * step}` : `L${(n + 0.5) * step} ${y}`;
  });
  return <path class={`stroked colour-${colour}`} d={path.join("")} />;
}

function AsTable({ title, names, series, written }: Omit<Shown, "as">) {
  const rows = names.map((name, n) => ({ name, n })).filter(({ n }) => series.some(({ values }) => values[n]));
  return (
    <details>
      <summary>As a table</summary>
      {rows.length === 0 && <p class="hint">Nothing happened.</p>}
      {rows.length > 0 && (
        <div class="wide" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
          <table>
            <caption class="unseen">{title}</caption>
            <thead>
              <tr>
                <th scope="col">From</th>
                {series.map(({ name }) => (
                  <th scope="col" key={name}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(({ name, n }) => (
                <tr key={name}>
                  <th scope="row">{name}</th>
                  {series.map(({ name: of, values }) => (
                    <td key={of}>{values[n] === null ? "–" : written(values[n]!)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
