// Whether this browser was logged in when it was last here: the session's cookie can't be read, and a note of our own saves a refused call.

const NOTE = "attimo.inside";

/** Notes that we are in, or out. */
export function note(inside: boolean): void {
  try {
    if (inside) localStorage.setItem(NOTE, "1");
    else localStorage.removeItem(NOTE);
  } catch {
    // Without storage the visitor logs in again.
  }
}

/** Whether we were in. */
export function noted(): boolean {
  try {
    return localStorage.getItem(NOTE) === "1";
  } catch {
    return false;
  }
}
