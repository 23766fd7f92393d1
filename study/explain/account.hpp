// One account of all experiments: per step, which causes each of them supports, excludes or cannot tell, side
// by side, and what may be said of it. A cause that one experiment excludes is never stated: where two differ
// the account says who says what, and which experiment comes next.
#pragma once

#include <string>
#include <vector>

#include "study/explain/evidence.hpp"

namespace dsx::explain {

struct Testimony {
  std::string experiment;  // "strips"
  Evidence evidence;
};

// explained: somebody supports it, nobody excludes it. excluded: somebody excludes it, nobody supports it.
// disputed: both; also a kind of memory traffic where traffic is excluded, and traffic whose every kind is.
// unknown: nobody says either.
enum class Standing { explained, excluded, disputed, unknown };

struct CauseAccount {
  std::string step, cause;
  Standing standing = Standing::unknown;
  std::vector<const Testimony*> supports, excludes, cannot_tell;  // of this cause alone, in order of worth
};

// In order of steps as they first appear, and of causes(); pointers are into `all`.
std::vector<CauseAccount> weigh(const std::vector<Testimony>& all);

// The account as the report of an experiment: its table side by side, a finding for every step and cause that
// is explained or disputed, one for all that is excluded, one for a step of which nothing is known.
// `experiments`: those that were run, in order: the columns. `command` repeats the whole report.
ExperimentReport make_account(const std::vector<Testimony>& all, const std::vector<std::string>& experiments,
                              const std::string& command);

constexpr const char* kAccountName = "account";

}  // namespace dsx::explain
