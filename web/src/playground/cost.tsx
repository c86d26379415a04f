/** What the wish would cost at the operator's price. */

import { money } from "../shared/format";
import type { Values } from "./schema";
import { pixels, type Presets } from "./size";

export interface Price {
  unit_price: number;
  unit: string;
  currency: string;
}
interface Shown {
  values: Values;
  price: Price | null;
  /** Of expanding one prompt. */
  expansion: number;
  presets: Presets;
}

export function Cost({ values, price, expansion, presets }: Shown) {
  if (!price?.unit_price) return <p class="cost" />;
  const { width, height } = pixels(values["image_size"], presets);
  const count = typeof values["num_images"] === "number" ? values["num_images"] : 1;
  const sum = ((width * height) / 1e6) * count * price.unit_price + (values["enable_prompt_expansion"] ? expansion : 0);
  return (
    <p class="cost" title={`${money(price.unit_price, price.currency)} per megapixel; a figure, nobody is charged`}>
      {money(sum, price.currency)} <span>per run</span>
    </p>
  );
}
