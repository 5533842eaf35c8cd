// The demo phone's entry.

import "../style/base.css";
import "../style/phone.css";

import { render } from "preact";

import { Phone } from "./page";

const root = document.getElementById("app");
if (root !== null) render(<Phone />, root);
