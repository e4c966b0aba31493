//! What every back end must do, told once and run over each of them.
//!
//! A new back end adds a function that opens an empty store of its own, how it is opened a second time, and one line
//! `contract!(postgres);`. Over `carried` each promise leaves what it leaves in SQLite, and all of that is copied to PostgreSQL and back
//! (`whole.rs`). What is SQLite's own (files, kills, several processes) or PostgreSQL's (deadlocks, lost connections,
//! older servers) has its own tests.

#[macro_use]
mod each;
#[path = "../cluster/mod.rs"]
mod cluster;
#[path = "../patience/mod.rs"]
mod patience;

mod accounts;
mod anew;
mod answers;
mod codes;
mod controllers;
mod deeds;
mod devices;
mod door_races;
mod draws;
mod events;
mod fixture;
mod gateways;
mod imports;
mod incidents;
mod invitations;
mod issuing;
mod joining;
mod leases;
mod line_shares;
mod lists;
mod opened;
mod orders;
mod payloads;
mod people_and_plans;
mod promises;
mod pulse;
mod races;
mod readings;
mod releases;
mod reports;
mod rollouts;
mod sessions;
mod standing;
mod steps;
mod subjects;
mod telling;
mod tokens;
mod unverified;
mod waits;
mod walks;
mod webhooks;
mod welcomes;
mod whole;
mod whole_checked;
mod whole_fleet;
mod whole_kept;
mod whole_steps;

use opened::{FILE, Opened, Place, carried, postgres, sqlite};

/// Makes a test of each promise, for one back end.
macro_rules! contract {
    ($backend:ident) => {
        each!($backend:
            devices::{
                a_device_is_found_by_name_and_token,
                a_taken_name_or_token_registers_nobody,
                devices_are_listed_in_their_order_and_by_class,
                a_walk_by_name_has_each_device_once_while_others_come,
                a_class_is_walked_in_the_order_of_registration,
                those_that_run_a_release_are_walked_by_name,
                a_page_has_the_devices_behind_those_before_it,
                devices_are_counted_by_class_and_no_further_than_asked,
                devices_are_counted_by_what_they_are_verified_to_run,
                a_device_is_declared_anew_and_its_timeline_says_how,
                what_was_declared_anew_meanwhile_is_not_overwritten,
                touching_moves_last_seen_forward_only,
                ten_thousand_are_touched_at_once,
                last_seen_is_the_newer_of_its_report_and_its_poll,
            }
            joining::{
                a_code_is_found_by_its_secret_and_taken_back_once,
                who_joins_is_registered_and_its_timeline_says_how,
                who_asks_again_takes_no_use,
                a_code_that_does_not_admit_registers_nobody,
                a_name_that_a_code_is_for_is_taken_by_no_other,
                a_certificate_names_one_device_until_it_is_revoked,
            }
            welcomes::{
                a_welcome_is_found_while_it_works_and_taken_back_once,
                who_is_let_in_is_registered_and_its_timeline_says_how,
                who_is_there_or_revoked_takes_no_use,
                a_welcome_that_does_not_work_registers_nobody,
                a_name_that_a_code_is_for_is_let_in_by_no_welcome,
            }
            tokens::{
                another_token_takes_the_place_of_the_one_that_is_there,
            }
            gateways::{
                a_gateway_asks_for_those_behind_it_alone,
                who_stands_behind_whom_is_told_and_kept_once,
                no_chain_is_made,
                who_leaves_a_gateway_counts_its_reports_anew,
                who_joins_by_a_code_stands_behind_its_gateway,
            }
            issuing::{
                what_was_issued_is_listed_with_its_revocation,
                all_certificates_of_a_device_are_revoked_at_once,
                nobody_is_given_too_many_or_any_for_a_revoked_one,
                what_ended_long_ago_is_forgotten_with_the_next_one,
            }
            imports::{
                an_import_registers_restates_and_says_clients_at_once,
                an_import_is_there_whole_or_not_at_all,
            }
            walks::{
                every_device_comes_once_over_all_pages,
                a_walk_ends_behind_a_full_page,
                enrolled_devices_come_with_their_record_and_progress,
                what_confirmed_something_again_says_when,
                a_large_rollout_is_read_whole_whatever_its_devices_have, a_rollouts_devices_are_walked_as_its_steps_see_them,
            }
            people_and_plans::{
                a_person_has_one_duty,
                the_newest_plan_is_in_force,
                activations_are_found_by_moment_and_by_number,
            }
            releases::{
                a_release_is_found_by_name_and_manifest,
                every_release_is_walked_over_in_pages,
                a_taken_name_or_manifest_adds_nothing,
                a_release_moves_only_from_the_expected_stage,
                an_approval_brings_its_envelope,
                revoked_releases_are_found_by_their_manifests,
            }
            lists::{
                releases_come_by_page,
                rollouts_come_by_page,
                incidents_come_by_page,
                join_codes_come_by_page,
                welcomes_come_by_page,
                revoked_certificates_come_by_page,
            }
            payloads::{
                what_was_noted_of_a_payload_stays,
                every_releases_payload_is_listed_once,
            }
            rollouts::{
                enrolled_devices_wait_and_know_what_they_ran,
                a_rollout_takes_its_release_along_or_does_not_start,
                an_unknown_device_starts_nothing,
                rollouts_are_listed_by_where_they_stand,
                a_class_has_one_rollout_under_way,
                what_was_withdrawn_hides_nothing,
                a_device_knows_its_newest_enrolments,
                progress_is_told_of_many_at_once,
                a_view_of_ten_thousand_is_whole,
            }
            draws::{
                what_was_drawn_is_enrolled_part_by_part_and_begins_whole,
                what_changed_meanwhile_is_neither_drawn_enrolled_nor_begun,
                a_device_that_is_unknown_is_not_enrolled_nor_are_those_beside_it,
                what_is_taken_back_while_it_starts_goes_no_further,
                a_class_with_a_rollout_begins_no_other,
                a_class_has_one_that_is_starting,
            }
            steps::{
                a_step_is_saved_whole,
                a_step_on_an_older_state_changes_nothing,
                a_release_that_has_moved_stops_the_whole_step,
                devices_that_moved_on_are_left_alone,
                who_came_back_and_runs_the_candidate_goes_back_again,
            }
            promises::{
                a_promise_is_kept_and_may_be_repeated,
                a_stale_generation_is_refused,
                strangers_are_promised_nothing,
                what_a_device_said_meanwhile_is_never_overwritten,
                a_way_back_is_promised_after_a_halt,
                no_more_are_promised_than_the_plan_has_places,
                rollouts_of_two_classes_share_the_places,
                a_promise_that_lapsed_needs_a_new_place,
                a_device_goes_back_to_what_it_ran_when_it_was_promised,
            }
            orders::{
                numbers_begin_where_they_were_drawn_and_rise,
                no_number_comes_twice,
                a_repeated_promise_has_the_number_it_had,
                a_device_has_one_open_order,
                what_is_stopped_opens_no_order,
                a_word_and_its_fold_are_kept_together,
                only_what_ended_well_is_the_newest_installed,
                a_log_is_bounded_and_ends_are_heard,
                logs_of_old_orders_are_forgotten,
                what_happened_to_an_order_meanwhile_is_not_overwritten,
            }
            unverified::{
                what_is_installed_and_waits_for_a_word_is_counted,
            }
            anew::{
                who_has_nothing_in_hand_is_promised_anew,
                who_begins_anew_needs_a_place,
                who_was_given_up_is_asked_until_it_says_what_it_runs,
                what_was_handed_out_is_in_hand_until_it_is_over,
            }
            controllers::{
                a_device_is_found_by_its_clients_name,
                a_taken_clients_name_registers_nobody,
                what_people_say_of_a_client_outlasts_what_is_seen,
                version_words_and_clients_are_kept,
                who_lets_it_install_is_kept_until_that_is_taken_back,
                attributes_are_asked_for_until_they_come,
                who_installed_something_is_asked_what_it_runs,
                who_was_stopped_is_asked_what_it_runs,
            }
            readings::{
                a_reading_comes_back_with_its_rollout,
                the_first_reading_from_its_time_on_counts,
                readings_of_strangers_are_none,
                missed_polls_add_up_from_one_instant,
                a_gap_is_counted_once,
                a_gap_that_could_not_be_counted_is_still_open,
                what_is_over_is_forgotten_with_the_next_reading,
            }
            reports::{
                repeated_reports_change_nothing,
                reports_are_taken_in_the_devices_own_order,
                the_first_report_of_a_device_tells_of_none_before_it,
                reports_of_one_message_are_told_in_their_order,
                a_check_in_without_reports_is_folded_too,
                settled_enrolments_are_not_asked_again,
                what_was_withdrawn_is_not_asked_for,
                what_a_gateway_said_is_told_where_something_changes,
                an_unknown_device_reports_nothing,
                a_timeline_forgets_its_oldest_entries,
            }
            incidents::{
                incidents_are_numbered_and_listed,
                what_people_do_about_an_incident_is_kept,
                an_incident_says_which_plan_was_in_force,
                what_was_done_meanwhile_is_not_overwritten,
                a_closed_incident_is_taken_up_once,
            }
            standing::{
                every_root_is_kept_and_none_replaced,
                the_newest_revocations_of_an_epoch_are_found,
                a_hold_is_placed_once_and_moves_as_expected,
                nothing_is_promised_of_a_release_on_hold,
                nothing_is_promised_on_an_older_standing,
                each_change_is_counted,
                the_newest_schedule_of_a_class_counts,
                devices_are_found_by_what_they_run,
            }
            events::{
                what_happens_is_told_in_its_order,
                a_step_tells_each_thing_that_it_changed,
                a_rollout_that_begins_later_is_started_when_it_has_its_devices,
                a_rollout_that_cannot_begin_is_told_as_withdrawn,
                what_people_publish_is_told,
                events_come_by_page_by_kind_and_by_subject,
                what_is_refused_tells_nothing,
            }
            webhooks::{
                a_webhook_begins_with_what_happens_next,
                events_are_made_out_once_and_told_in_their_order,
                deliveries_that_are_over_make_room,
            }
            answers::{
                a_key_is_taken_once_and_remembers_its_answer,
                a_key_is_free_after_a_refusal_and_after_a_day,
            }
            leases::{
                a_job_is_taken_once_and_renewed,
                a_server_that_was_started_anew_takes_its_job_again,
                a_lease_runs_out_and_its_holder_finds_out,
                who_slept_through_its_lease_gets_another_number,
            }
            line_shares::{
                who_is_alone_has_the_whole_line,
                a_share_is_no_job,
            }
            pulse::{
                what_could_give_a_device_something_raises_it,
                what_devices_say_does_not_raise_it,
                what_is_refused_does_not_raise_it,
            }
            accounts::{
                a_setup_link_makes_one_account,
                a_first_link_works_only_before_the_first_account,
                a_setup_link_is_for_somebody_and_for_an_hour,
                an_address_has_one_role_however_it_comes_in,
                a_second_link_gives_new_credentials_and_ends_sessions,
                new_credentials_need_the_old_ones_and_end_sessions,
                links_go_with_the_password_they_were_made_by,
            }
            codes::{
                a_code_is_used_once_and_in_its_session,
                a_session_has_another_secret_once_it_is_whole,
                a_session_ends_with_its_fifth_wrong_code,
                an_account_waits_after_twenty_wrong_codes,
                a_right_code_forgets_the_wrong_ones,
                sessions_without_a_code_push_out_no_whole_one,
            }
            invitations::{
                a_link_is_made_in_its_makers_whole_session,
                a_duty_takes_a_second_person,
                a_second_factor_stays_on_one_persons_word,
                what_an_account_gave_away_goes_with_a_new_link,
                a_link_is_taken_back,
            }
            sessions::{
                a_session_is_found_until_it_is_over,
                who_has_sessions_sees_them_the_newest_first,
                one_person_has_a_bounded_number_of_sessions,
                one_person_has_a_bounded_number_of_tokens,
                a_session_begins_only_by_the_password_of_now,
                a_token_is_made_in_a_whole_session_of_its_owner,
                a_token_is_found_while_it_is_good,
                a_closed_account_lets_nobody_in,
                who_is_shut_out_has_an_open_account,
                a_closed_account_becomes_no_person,
            }
            subjects::{
                a_subject_is_bound_once_and_to_one_account,
                a_subject_makes_the_account_that_is_missing,
                a_subject_gives_nobody_another_role,
                a_setup_link_unbinds,
            }
            ; of two servers:
            races::{
                the_last_place_is_promised_once,
                who_holds_and_is_answered_has_stopped_every_later_promise,
                who_steps_and_is_answered_has_stopped_every_older_promise,
                two_numbered_promises_have_two_numbers,
                one_device_promised_twice_has_one_order,
                numbers_begin_once,
                one_of_two_servers_saves_the_same_step,
                a_class_starts_one_rollout_of_two,
                one_of_two_holds_counts_the_other,
                reports_that_come_twice_are_recorded_once,
                steps_and_reports_cross_without_harm,
                incidents_and_plans_are_numbered_without_gaps,
            }
            gateways::{
                what_is_taken_back_on_one_server_counts_on_the_other,
                of_two_links_of_a_chain_one_is_made,
            }
            imports::{
                of_two_imports_at_once_one_is_taken_in,
            }
            joining::{
                one_of_two_gets_the_last_use,
                one_device_that_joins_twice_at_once_is_one,
                what_is_revoked_on_one_server_counts_on_the_other,
            }
            welcomes::{
                one_of_two_newcomers_is_the_last_one,
                one_newcomer_at_two_servers_is_one,
            }
            issuing::{
                no_renewal_slips_through_a_revocation_of_all,
                one_of_two_servers_gives_the_last_one_of_a_day,
            }
            draws::{
                two_servers_enrol_each_device_once,
            }
            leases::{
                what_is_given_back_is_taken_at_once,
                one_of_two_takes_a_job,
            }
            pulse::{
                another_server_sees_it_raised,
                every_change_counts,
            }
            answers::{ one_of_two_takes_a_key, }
            events::{ who_reads_while_others_write_misses_nothing, }
            door_races::{
                one_of_two_uses_a_setup_link,
                one_of_two_first_links_makes_an_account,
                one_of_two_uses_a_code,
                every_wrong_code_is_counted,
                an_address_gets_one_of_two_roles,
                the_last_of_operations_stays,
                what_begins_while_an_account_is_taken_back_goes_with_it,
            }
            subjects::{
                of_two_subjects_one_is_bound,
            }
        );
    };
}

contract!(sqlite);
contract!(postgres);
contract!(carried);
