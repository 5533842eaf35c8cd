"""Judges a policy that leaves one item out and takes any other: the exported log in the Open Bandit Pipeline.

What needs no model comes from the files that the pipeline loads itself. What needs one is fitted here with scikit-learn
on the lines of the log, and estimated by the pipeline.
"""

import json
import logging
import sys
import warnings
from pathlib import Path

import numpy

logging.disable(logging.INFO)
warnings.simplefilter("ignore")
from obp.dataset import OpenBanditDataset
from obp.ope import (
    DirectMethod,
    DoublyRobust,
    InverseProbabilityWeighting,
    OffPolicyEvaluation,
    SelfNormalizedDoublyRobust,
    SelfNormalizedInverseProbabilityWeighting,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

folder, left_out, name_left_out = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
SILENCE = "silence"


def by_weights():
    dataset = OpenBanditDataset(behavior_policy="bts", campaign="all", data_path=folder)
    feedback = dataset.obtain_batch_bandit_feedback()
    chances = numpy.ones(dataset.n_actions)
    chances[left_out] = 0
    chances /= chances.sum()
    action_dist = numpy.tile(chances[None, :, None], (dataset.n_rounds, 1, 1))
    estimators = [InverseProbabilityWeighting(), SelfNormalizedInverseProbabilityWeighting()]
    judged = OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=estimators)
    values = judged.estimate_policy_values(action_dist=action_dist)
    return {
        "rounds": dataset.n_rounds,
        "actions": dataset.n_actions,
        "logged": float(feedback["reward"].mean()),
        "ips": float(values["ipw"]),
        "snips": float(values["snipw"]),
    }


def by_model():
    lines = [json.loads(line) for line in open(folder / "decisions.ndjson")]
    rows = [line for line in lines if not line["holdout"] and line["reward"] is not None]
    ranked = [{c["offer"]: c for c in json.loads(row["candidates"]) if c["mean"] is not None} for row in rows]
    offers = sorted({offer for menu in ranked for offer in menu})
    actions = [SILENCE] + offers
    of_action = numpy.vstack([numpy.zeros(len(offers)), numpy.eye(len(offers))])
    believed = numpy.array([[menu[a]["mean"] if a in menu else 0.0 for a in actions] for menu in ranked])
    action = numpy.array([actions.index(row["action"]) for row in rows])
    reward = numpy.array([row["reward"] for row in rows])
    table = numpy.array([[numpy.append(of_action[a], score[a]) for a in range(len(actions))] for score in believed])
    taken = table[numpy.arange(len(rows)), action]
    expected = numpy.zeros((len(rows), len(actions), 1))
    for fit, ask in KFold(n_splits=3, shuffle=True, random_state=12345).split(taken):
        model = LogisticRegression(C=100, solver="newton-cholesky", tol=1e-12, max_iter=10_000)
        model.fit(taken[fit], reward[fit])
        for a in range(len(actions)):
            expected[ask, a, 0] = model.predict_proba(table[ask, a])[:, 1]
    allowed = [[a == SILENCE or (a in menu and a != name_left_out) for a in actions] for menu in ranked]
    chances = numpy.array(allowed, dtype=float)
    given = {
        "reward": reward,
        "action": action,
        "pscore": numpy.array([row["pscore"] for row in rows]),
        "position": numpy.zeros(len(rows), dtype=int),
        "action_dist": (chances / chances.sum(axis=1, keepdims=True))[:, :, None],
        "estimated_rewards_by_reg_model": expected,
    }
    estimators = {"dm": DirectMethod(), "dr": DoublyRobust(), "sndr": SelfNormalizedDoublyRobust()}
    return {name: float(one.estimate_policy_value(**given)) for name, one in estimators.items()}


print(json.dumps({**by_weights(), **by_model()}))
