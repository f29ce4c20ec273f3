"""What `make mutants` runs for merges undone, identifiers unlinked, receipts and transfers: what is short enough to be folded interpreted."""

from __future__ import annotations

from tests.hosts import test_receipts, test_transfers, test_undoing

QUICK = {
    test_undoing: ("test_t140_what_was_spent", "test_t140_after", "test_what_was_never", "test_the_next_owner", "test_what_was_joined"),
    test_receipts: ("test_t144_after", "test_the_days"),
    test_transfers: ("test_t150_points_that", "test_a_transfer_between", "test_what_leaves"),
}
"""By module, the beginnings of names."""
for module, beginnings in QUICK.items():
    globals().update({name: test for name, test in vars(module).items() if name.startswith(beginnings)})
