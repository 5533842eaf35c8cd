"""Opens the exported log with the Open Bandit Pipeline and judges a policy that leaves one item out and takes any other."""

import json
import logging
import sys
import warnings
from pathlib import Path

import numpy

logging.disable(logging.INFO)
warnings.simplefilter("ignore")
from obp.dataset import OpenBanditDataset
from obp.ope import InverseProbabilityWeighting, OffPolicyEvaluation, SelfNormalizedInverseProbabilityWeighting

folder, left_out = Path(sys.argv[1]), int(sys.argv[2])
dataset = OpenBanditDataset(behavior_policy="bts", campaign="all", data_path=folder)
feedback = dataset.obtain_batch_bandit_feedback()
chances = numpy.ones(dataset.n_actions)
chances[left_out] = 0
chances /= chances.sum()
action_dist = numpy.tile(chances[None, :, None], (dataset.n_rounds, 1, 1))
estimators = [InverseProbabilityWeighting(), SelfNormalizedInverseProbabilityWeighting()]
judged = OffPolicyEvaluation(bandit_feedback=feedback, ope_estimators=estimators)
values = judged.estimate_policy_values(action_dist=action_dist)
print(json.dumps({
    "rounds": dataset.n_rounds,
    "actions": dataset.n_actions,
    "logged": float(feedback["reward"].mean()),
    "ips": float(values["ipw"]),
    "snips": float(values["snipw"]),
}))
