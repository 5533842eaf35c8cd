"""Opens every form of the exported log with pandas, as a data person would first, and tells what it saw."""

import json
import sys

import pandas

folder = sys.argv[1]
table = pandas.read_parquet(folder + "/decisions.parquet")
texts = {"customer_hash": str, "decision_id": str}
lines = pandas.read_json(folder + "/decisions.ndjson", lines=True, dtype=texts)
rows = pandas.read_csv(folder + "/bts/all/all.csv", index_col=0)
items = pandas.read_csv(folder + "/bts/all/item_context.csv", index_col=0)
for column in ["decision_id", "action", "item_id", "outcomes", "holdout", "pscore", "customer_hash"]:
    assert list(table[column]) == list(lines[column]), column
assert (table.reward.fillna(-1) == lines.reward.fillna(-1)).all()
assert str(table.timestamp.dt.tz) == "UTC"
assert all(isinstance(json.loads(text), list) for text in table.candidates)
assert all(isinstance(json.loads(text), list) for text in table.features)
assert set(rows.item_id) <= set(items.item_id)
became = {row.decision_id: json.loads(row.outcomes) for row in table.itertuples()}
print(json.dumps({
    "rows": len(table),
    "known": int((table.reward.notna() & ~table.holdout).sum()),
    "rounds": len(rows),
    "rewarded": sorted(table.decision_id[table.reward == 1.0]),
    "redeemed": sorted(id for id, all in became.items() if [kind for kind, _ in all] == ["redeemed"]),
    "silent": sorted(id for id, all in became.items() if all == []),
    "times": all(isinstance(at, int) and at > 0 for all in became.values() for _, at in all),
}))
