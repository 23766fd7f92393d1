/* Stand-in for the part of VTune's ittnotify.h that kernels/onednn/region.cpp uses: writes down the calls. It shows
   that tasks are begun and ended as meant, not that Intel's library takes them. */
#pragma once

#include <string>
#include <vector>

struct __itt_domain {
  std::string name;
};
struct __itt_string_handle {
  std::string name;
};
struct __itt_id {
  unsigned long long d1, d2, d3;
};
inline const __itt_id __itt_null{};

inline std::vector<std::string>& itt_calls() {
  static std::vector<std::string> calls;
  return calls;
}
inline __itt_domain* __itt_domain_create(const char* name) {
  static __itt_domain domain;
  domain.name = name;
  itt_calls().push_back("domain " + domain.name);
  return &domain;
}
inline __itt_string_handle* __itt_string_handle_create(const char* name) {
  static __itt_string_handle handle;
  handle.name = name;
  return &handle;
}
inline void __itt_task_begin(const __itt_domain*, __itt_id, __itt_id, __itt_string_handle* name) {
  itt_calls().push_back("begin " + name->name);
}
inline void __itt_task_end(const __itt_domain*) { itt_calls().push_back("end"); }
