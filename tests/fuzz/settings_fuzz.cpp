// A study's YAML; what is accepted must come back from its own text unchanged.
#include <cstdlib>

#include "study/settings/settings.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace settings;

void read(std::span<const std::uint8_t> bytes) {
  Settings settings;
  Sources sources;
  apply_yaml_text(settings, sources, std::string(bytes.begin(), bytes.end()), "fuzz.yaml");
  check_settings(settings);
  const std::string text = to_yaml(settings, "a head");
  Settings again;
  apply_yaml_text(again, sources, text, "again.yaml");
  if (to_yaml(again, "a head") != text) std::abort();
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> all = files_in(std::string(DOWNSCALEXR_SOURCE_DIR) + "/study/settings/recipes", ".yaml");
  const std::string defaults = to_yaml(Settings{}, "defaults");
  all.emplace_back(defaults.begin(), defaults.end());
  const std::string odd = "? [a, {b: *c}]\n: &c !!int '1'\nlr: 0x1p-3\nseed: \"\\x41\"\n--- |\n  x\n";
  all.emplace_back(odd.begin(), odd.end());
  return all;
}

}  // namespace dsx::fuzz
