// oneDNN reads each variable as ONEDNN_NAME, or as DNNL_NAME where that is not set; a call of its API wins.
#include "kernels/onednn/modes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <dnnl.hpp>

#include "kernels/onednn/context.hpp"
#include "kernels/onednn/verbose.hpp"

namespace dsx::kernels {

namespace {

struct Variable {
  std::string name, value;  // empty where it is not set
};

Variable variable(const std::string& what) {
  for (const char* prefix : {"ONEDNN_", "DNNL_"}) {
    const std::string name = prefix + what;
    if (const char* value = std::getenv(name.c_str()); value != nullptr && *value != '\0')
      return {name, value};
  }
  return {};
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

}  // namespace

std::vector<std::string> pin_onednn_modes() {
  std::vector<std::string> lines;
  const Variable verbose = variable("VERBOSE");
  if (!verbose.value.empty() && verbose.value != "0" && upper(verbose.value) != "NONE")
    send_verbose_to_stderr();
  const Variable math = variable("DEFAULT_FPMATH_MODE");
  if (!math.value.empty() && upper(math.value) != "STRICT")
    lines.push_back(
        fmt::format("{}={} is not followed: float32 is computed as float32 (--dtype bf16, where a "
                    "command has it, computes in bf16)",
                    math.name, math.value));
  dnnl::set_default_fpmath_mode(dnnl::fpmath_mode::strict);
  return lines;
}

std::string numeric_mode() {
  std::string mode = onednn_info().effective_isa;
  if (dnnl::get_cpu_isa_hints() == dnnl::cpu_isa_hints::prefer_ymm) mode += ", prefer_ymm";
  return mode;
}

std::string numeric_mode_variables() {
  std::string text;
  for (const char* what : {"MAX_CPU_ISA", "CPU_ISA_HINTS"}) {
    const Variable set = variable(what);
    if (!set.name.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : " ", set.name, set.value);
  }
  return text;
}

}  // namespace dsx::kernels
