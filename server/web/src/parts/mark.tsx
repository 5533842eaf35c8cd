// The wordmark: a moment that opens.

export function Wordmark() {
  return (
    <span class="wordmark">
      <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
        <circle cx="16" cy="16" r="4.2" class="mark-core" />
        <path d="M16 4.5A11.5 11.5 0 0 1 27.5 16" class="mark-arc" />
        <path d="M16 27.5A11.5 11.5 0 0 1 4.5 16" class="mark-arc mark-faint" />
      </svg>
      Attimo
    </span>
  );
}
