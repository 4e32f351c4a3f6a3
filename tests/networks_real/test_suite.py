"""What all networks have to do with their stand-ins, once more with real servers behind the same faults."""

from tests.integration.test_networks import (  # noqa: F401
    test_a_card_is_sent_where_we_make_it_and_else_left_to_the_network,
    test_a_correction_answers_the_post,
    test_a_deletion_may_be_repeated,
    test_a_draft_that_was_stored_is_sent_as_the_one_that_was_made,
    test_a_picture_is_described,
    test_a_picture_that_is_none_is_no_reason_to_post_without_it,
    test_a_post_is_found_by_what_it_says,
    test_a_text_arrives_letter_for_letter,
    test_a_thread_is_one_chain,
    test_a_wrong_token_breaks_the_account_and_is_not_shown,
    test_an_account_is_asked_who_it_is,
    test_an_edit_changes_the_text_and_keeps_the_picture,
    test_each_fault_is_what_it_is_and_nothing_is_doubled,
)
from tests.integration.test_networks_junk import (  # noqa: F401
    test_an_answer_with_junk_in_it_is_a_post_or_a_post_error,
)
from tests.integration.test_networks_losses import (  # noqa: F401
    test_lost_answers_double_nothing_and_lose_nothing,
)
