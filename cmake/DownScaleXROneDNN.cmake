# Finds oneDNN 3.2 or newer through its own CMake package, and refuses a build whose threads are not those of
# the OpenMP runtime that this project is compiled for: --threads and every latency figure would lie.
# Looked for in this order: CMAKE_PREFIX_PATH or dnnl_DIR; what scripts/setup chose for this clone (build/onednn);
# oneAPI's DNNLROOT and an active conda environment; the system; a wheel that another clone's scripts/setup left in the
# user's cache. scripts/setup asks through cmake/onednn_probe.

set(downscalexr_onednn_hints "$ENV{DNNLROOT}" "$ENV{CONDA_PREFIX}")
if(EXISTS "${CMAKE_CURRENT_LIST_DIR}/../build/onednn" AND NOT DOWNSCALEXR_IGNORE_CHOSEN_ONEDNN)
  file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/../build/onednn" downscalexr_onednn_chosen REGEX "^config=")
  string(REPLACE "config=" "" downscalexr_onednn_chosen "${downscalexr_onednn_chosen}")
  list(PREPEND downscalexr_onednn_hints "${downscalexr_onednn_chosen}")
endif()
set(downscalexr_onednn_cached "")
if(NOT DOWNSCALEXR_IGNORE_CHOSEN_ONEDNN)
  file(GLOB downscalexr_onednn_cached "$ENV{XDG_CACHE_HOME}/downscalexr/onednn/wheel-*" "$ENV{HOME}/.cache/downscalexr/onednn/wheel-*")
endif()
# HINTS come after CMAKE_PREFIX_PATH and before the system's folders, PATHS after those.
find_package(dnnl 3.2 CONFIG QUIET HINTS ${downscalexr_onednn_hints} PATHS ${downscalexr_onednn_cached})
if(NOT dnnl_FOUND)
  set(downscalexr_onednn_seen "")
  foreach(config version IN ZIP_LISTS dnnl_CONSIDERED_CONFIGS dnnl_CONSIDERED_VERSIONS)
    string(APPEND downscalexr_onednn_seen " Unsuitable: ${version} in ${config}.")
  endforeach()
  message(FATAL_ERROR "oneDNN >= 3.2 with its CMake package was not found.${downscalexr_onednn_seen} Run scripts/setup (it "
    "gets one), or pass -DCMAKE_PREFIX_PATH=<prefix> of a system, conda or oneAPI oneDNN built for OpenMP.")
endif()
set(downscalexr_onednn_config "${dnnl_DIR}")
if(NOT DNNL_CPU_THREADING_RUNTIME STREQUAL "OMP")
  unset(dnnl_DIR CACHE) # so that the next try may find another
  message(FATAL_ERROR "oneDNN in ${downscalexr_onednn_config} uses the threading runtime '${DNNL_CPU_THREADING_RUNTIME}'. DownScaleXR needs one "
    "built with DNNL_CPU_RUNTIME=OMP, since --threads would have no effect on another. Run scripts/setup --onednn wheel, "
    "or name another with -DCMAKE_PREFIX_PATH=<prefix>.")
endif()

get_target_property(downscalexr_onednn_library DNNL::dnnl LOCATION)
set(downscalexr_onednn_soname "")
if(CMAKE_OBJDUMP AND downscalexr_onednn_library MATCHES "\\.so")
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p "${downscalexr_onednn_library}" OUTPUT_VARIABLE downscalexr_onednn_elf ERROR_QUIET)
  if(downscalexr_onednn_elf MATCHES "SONAME +([^ \n]+)")
    set(downscalexr_onednn_soname "${CMAKE_MATCH_1}") # the name to install it under
  endif()
  # Intel's or LLVM's OpenMP beside GNU's in one process: omp_set_num_threads would reach only one of the two.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND downscalexr_onednn_elf MATCHES "NEEDED +(lib(iomp5|omp)[^ \n]*)")
    unset(dnnl_DIR CACHE)
    message(FATAL_ERROR "oneDNN in ${downscalexr_onednn_config} needs ${CMAKE_MATCH_1}, while GCC links GNU OpenMP (libgomp): --threads would reach "
      "only one of the two. Run scripts/setup --onednn wheel, or name a oneDNN built with GCC with -DCMAKE_PREFIX_PATH=<prefix>.")
  endif()
endif()
message(STATUS "oneDNN ${dnnl_VERSION} (${DNNL_CPU_THREADING_RUNTIME}) from ${dnnl_DIR}")
