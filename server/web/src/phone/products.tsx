// The products of the app: a tap tells the shop that one was looked at.

import { useState } from "preact/hooks";

import { fill } from "../format";
import { words } from "../lang";
import { lookAt, memory, products } from "./state";

export function Products() {
  const { phone } = words.value;
  const [said, say] = useState("");
  const { seen, consent } = memory.value;
  const look = (product: { id: string; name: string }) => {
    void lookAt(product).then(() => say(fill(phone.looked, { name: product.name })));
  };
  return (
    <section aria-labelledby="products-title">
      <h2 id="products-title">{phone.productsTitle}</h2>
      <p class="lead">{consent.profiling ? phone.productsLead : phone.productsNeed}</p>
      <ul class="products">
        {products.value.map((product) => {
          const looked = seen.products.includes(product.id);
          return (
            <li key={product.id}>
              <button type="button" class={looked ? "product looked" : "product"} data-product={product.id} onClick={() => look(product)}>
                {product.name}
                {looked ? <span class="hidden"> ({phone.seen})</span> : null}
              </button>
            </li>
          );
        })}
      </ul>
      {products.value.length === 0 ? <Typed look={look} /> : null}
      <p class="fine" role="status">
        {said}
      </p>
    </section>
  );
}

function Typed({ look }: { look: (product: { id: string; name: string }) => void }) {
  const { phone } = words.value;
  const [id, setId] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (id.trim() !== "") look({ id: id.trim(), name: id.trim() });
    setId("");
  };
  return (
    <form class="typed" onSubmit={submit}>
      <input aria-label={phone.productPlaceholder} placeholder={phone.productPlaceholder} value={id} autocomplete="off" onInput={(e) => setId(e.currentTarget.value)} />
      <button type="submit" class="primary">
        {phone.productSend}
      </button>
    </form>
  );
}
