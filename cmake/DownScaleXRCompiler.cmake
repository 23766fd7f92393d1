# One place for the language level, warnings and profiler-friendly code generation, so that
# every target is compiled alike and a profile of a release build shows names and lines.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG -g1")
# No fused multiply-add contraction behind our back: references and results stay comparable.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -fno-omit-frame-pointer -ffp-contract=off)
if(DOWNSCALEXR_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
if(DOWNSCALEXR_TIDY)
  find_program(CLANG_TIDY clang-tidy)
  if(NOT CLANG_TIDY)
    message(FATAL_ERROR "The tidy preset needs clang-tidy, and libomp-dev for its omp.h: run scripts/setup --dev, or "
      "apt-get install clang-tidy libomp-dev")
  endif()
  set(CMAKE_CXX_CLANG_TIDY "${CLANG_TIDY};--quiet")
endif()

# dnnl.hpp and fmt are most of what a small source file costs: compiled once for all libraries. Off in every preset but
# release, so that a source that forgets an include is found.
option(DOWNSCALEXR_PCH "Precompile the headers that most sources include" ON)

# downscalexr_library(kernels PUBLIC_LIBS... [FOLDERS sub...]): every .cpp of the calling folder, and of the named folders
# below it, one static library. CONFIGURE_DEPENDS: a new operator is one new file, with no list to edit.
function(downscalexr_library name)
  cmake_parse_arguments(PARSE_ARGV 1 library "" "" "FOLDERS")
  set(patterns "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  foreach(folder IN LISTS library_FOLDERS)
    list(APPEND patterns "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp")
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  list(FILTER sources EXCLUDE REGEX "_main\\.cpp$")
  add_library(downscalexr_${name} STATIC ${sources})
  add_library(downscalexr::${name} ALIAS downscalexr_${name})
  target_include_directories(downscalexr_${name} PUBLIC "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
  target_link_libraries(downscalexr_${name} PUBLIC ${library_UNPARSED_ARGUMENTS})
  if(DOWNSCALEXR_PCH AND name STREQUAL "kernels")
    target_precompile_headers(downscalexr_kernels PRIVATE <dnnl.hpp> <fmt/format.h> <algorithm> <functional> <map> <string> <vector>)
  elseif(DOWNSCALEXR_PCH AND NOT name STREQUAL "statistics") # which does not know dnnl.hpp
    target_precompile_headers(downscalexr_${name} REUSE_FROM downscalexr_kernels)
  endif()
endfunction()
