# What lets profilers see regions of the program (kernels/onednn/region.cpp): SystemTap's header for static probes, and ittnotify
# from VTune's SDK, which is on a machine where VTune is. Neither is needed to build or run.
find_path(DOWNSCALEXR_SDT_INCLUDE_DIR sys/sdt.h)
find_path(DOWNSCALEXR_ITT_INCLUDE_DIR ittnotify.h
  HINTS "$ENV{VTUNE_PROFILER_DIR}/sdk/include" "$ENV{VTUNE_PROFILER_DIR}/include"
  PATHS /opt/intel/oneapi/vtune/latest/sdk/include /opt/intel/oneapi/vtune/latest/include)
find_library(DOWNSCALEXR_ITT_LIBRARY ittnotify libittnotify.a
  HINTS "${DOWNSCALEXR_ITT_INCLUDE_DIR}/../lib64" "${DOWNSCALEXR_ITT_INCLUDE_DIR}/../lib")
mark_as_advanced(DOWNSCALEXR_SDT_INCLUDE_DIR DOWNSCALEXR_ITT_INCLUDE_DIR DOWNSCALEXR_ITT_LIBRARY)

# downscalexr_add_regions(target file): what was found, for this source file of this target.
function(downscalexr_add_regions target file)
  set(found "")
  if(DOWNSCALEXR_SDT_INCLUDE_DIR)
    list(APPEND found "DOWNSCALEXR_USDT")
    target_include_directories(${target} SYSTEM PRIVATE "${DOWNSCALEXR_SDT_INCLUDE_DIR}")
  endif()
  if(DOWNSCALEXR_ITT_INCLUDE_DIR AND DOWNSCALEXR_ITT_LIBRARY)
    list(APPEND found "DOWNSCALEXR_ITT")
    target_include_directories(${target} SYSTEM PRIVATE "${DOWNSCALEXR_ITT_INCLUDE_DIR}")
    target_link_libraries(${target} PRIVATE "${DOWNSCALEXR_ITT_LIBRARY}" ${CMAKE_DL_LIBS})
  endif()
  set_source_files_properties("${file}" PROPERTIES COMPILE_DEFINITIONS "${found}")
  message(STATUS "Regions for profilers: ${found}")
endfunction()
