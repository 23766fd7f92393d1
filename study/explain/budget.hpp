// What a report does with its time: which experiments fit into `--budget`, how long each may take, and when
// one that is under way has to stop. Plans are made anew before each experiment from the time that is really
// left, so that one that took longer shortens the rest and not the promise.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace dsx::explain {

// Of an experiment with the default network, three variants and the default seconds, on two cores.
struct TimeNeed {
  std::string name;
  double usual_s = 15;  // at --seconds 3
  double least_s = 5;   // building, checking, and the fewest rounds
  int rank = 0;         // the higher, the sooner it is left out when time is short
};

struct Allotment {
  std::string name;
  bool fits = true;
  double seconds = 0;  // that it may take; of one that does not fit: that it would need at least
  double stretch = 1;  // of the timed work of each set: 0.5 is half of the usual, 2 twice
};

// Shares `left_s` out over `needs`, in their order. `scale`: how much work this network is beside the default
// one. Leaves out the highest ranks until the rest fits; never all of them.
std::vector<Allotment> allot(const std::vector<TimeNeed>& needs, double left_s, double scale);

// The clock of a run: what is left of the whole and of the experiment under way.
class Budget {
 public:
  // total_s <= 0: no limit. `now_s` is for tests; empty: the steady clock.
  explicit Budget(double total_s = 0, std::function<double()> now_s = {});

  bool is_limited() const { return total_s_ > 0; }
  double left_s() const;     // infinite without a limit; not below 0
  double elapsed_s() const;  // since construction

  // An experiment begins that may take so long; an infinite time is no limit. It will time `sets` of arms.
  void begin(double allotted_s);
  void expect_sets(int sets) { sets_left_ = sets; }
  double experiment_left_s() const;
  // Whether another set fits, judged by those that this experiment has done; the first always does.
  bool has_time_for_set() const;
  // The most that the next set may take: an even share of what is left. Counts that set as done.
  double take_set();

 private:
  double total_s_, start_s_;
  std::function<double()> now_s_;
  double begun_s_ = 0, until_s_;
  int sets_left_ = 0, sets_done_ = 0;
};

}  // namespace dsx::explain
