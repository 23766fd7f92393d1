// bench_ops' own flags, beside Google Benchmark's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/arms/arms.hpp"

namespace dsx::bench {

struct BenchOptions {
  enum class Machine { none, text, json };
  Axes axes;                     // the default: nhwc, f32, batch 32 and 1, all usable CPUs, hot caches
  std::string shapes = "study";  // built-in list or file
  Machine machine = Machine::none;
  bool roofline = true;    // measure peak and bandwidths first, for the share of the roofline
  bool counters = false;   // columns of hardware and software counters, per iteration
  int processes = 1;       // fresh processes as the unit of repetition; 1: everything in this one
  int process_group = -1;  // this is one of those: the group of arms to time, with its number
  std::uint64_t process_number = 0;
  bool help = false;
  std::string threads_note;  // who chose the threads, where that is not simply all CPUs: a line for stderr
};

// Takes our flags out of `arguments` (argv without the program's name); what is left is Google Benchmark's.
// Values follow '=' or as the next argument; lists are separated by commas; "all" is every value of that
// axis. Throws ConfigError with the known values.
BenchOptions take_options(std::vector<std::string>& arguments);
std::string options_help();

}  // namespace dsx::bench
