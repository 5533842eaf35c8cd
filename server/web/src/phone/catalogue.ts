// The products that this app knows: those that the shop's settings name, those a logged-in visitor may see, and those typed by hand.

import { ask } from "../http";
import { noted } from "../inside";
import type { Plan, Store } from "../types";

export interface Product {
  id: string;
  name: string;
}

interface Settings {
  attimo?: { products?: unknown };
}

/** Reads the list; without one the page still has a field to type into. */
export async function readCatalogue(key: string, typed: string[]): Promise<Product[]> {
  const settings = await ask<Settings>(`/v1/projects/${encodeURIComponent(key)}/settings`).catch(() => null);
  const named = listed(settings?.attimo?.products);
  const known = named.length > 0 ? named : await planned();
  const extra = typed.filter((id) => known.every((product) => product.id !== id)).map((id) => ({ id, name: id }));
  return [...known, ...extra];
}

/** Only well-formed entries of whatever came. */
export function listed(value: unknown): Product[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const { id, name } = (entry ?? {}) as { id?: unknown; name?: unknown };
    return typeof id === "string" && typeof name === "string" ? [{ id, name }] : [];
  });
}

async function planned(): Promise<Product[]> {
  if (!noted()) return [];
  const stores = await ask<{ stores: Store[] }>("/api/v1/stores").catch(() => null);
  const plans = (stores?.stores ?? []).map((store) => ask<Plan>(`/api/v1/stores/${encodeURIComponent(store.id)}/plan`).catch(() => null));
  return (await Promise.all(plans)).flatMap((plan) => listed(plan?.products));
}
