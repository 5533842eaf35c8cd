// The demo phone's entry.

import "../style/base.css";
import "../style/phone.css";

import { render } from "preact";

import { ready } from "../lang";
import { Phone } from "./page";

const root = document.getElementById("app");
if (root !== null) void ready().then(() => render(<Phone />, root));
