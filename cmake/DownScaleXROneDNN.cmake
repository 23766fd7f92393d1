# Finds oneDNN 3.2 or newer through its own CMake package, and refuses a build whose threads
# are not OpenMP's: --threads and every latency figure would lie.
find_package(dnnl 3.2 CONFIG QUIET)
if(NOT dnnl_FOUND)
  message(FATAL_ERROR "oneDNN >= 3.2 with its CMake package was not found. Run scripts/setup (it fetches one), "
    "or pass -DCMAKE_PREFIX_PATH=<prefix> of a system, conda or oneAPI oneDNN built for OpenMP.")
endif()
if(NOT DNNL_CPU_THREADING_RUNTIME STREQUAL "OMP")
  message(FATAL_ERROR "oneDNN in ${dnnl_DIR} uses the threading runtime '${DNNL_CPU_THREADING_RUNTIME}'. "
    "DownScaleXR needs one built with DNNL_CPU_RUNTIME=OMP, since --threads would have no effect on another.")
endif()
message(STATUS "oneDNN ${dnnl_VERSION} (${DNNL_CPU_THREADING_RUNTIME}) from ${dnnl_DIR}")
