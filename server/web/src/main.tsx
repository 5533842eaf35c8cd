// The dashboard's entry: styles, then the page.

import "./style/base.css";
import "./style/dashboard.css";
import "./style/fleet.css";
import "./style/offers.css";
import "./style/plan.css";

import { render } from "preact";

import { App } from "./app";
import { ready } from "./lang";
import { enter } from "./state";

const root = document.getElementById("app");
if (root !== null) {
  void ready().then(() => {
    render(<App />, root);
    return enter();
  });
}
