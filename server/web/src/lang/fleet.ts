// The texts of the page Fleet, in the language that the page speaks.

import { computed } from "@preact/signals";

import { fleet as en, type FleetWords } from "./en/fleet";
import { fleet as it } from "./it/fleet";
import { tongue } from "./index";

export const fleetWords = computed<FleetWords>(() => ({ en, it })[tongue.value]);
