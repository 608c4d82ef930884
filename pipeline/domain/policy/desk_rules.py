"""The part of a policy that the desk goes by."""

from pipeline.contracts.policy import PolicyFile
from pipeline.contracts.policy_desk import DeskRules
from pipeline.domain.policy.policy import Policy
from pipeline.domain.policy.reading import shipped


def desk_rules(policy: Policy) -> DeskRules:
    """Those of the shipped policy where this one says nothing of the desk."""
    return desk_of(policy.tables)


def desk_of(tables: PolicyFile) -> DeskRules:
    rules = tables.desk or shipped().tables.desk
    if rules is None:
        raise AssertionError("the shipped policy has a [desk]")
    return rules
