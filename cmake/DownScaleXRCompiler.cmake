# One place for the language level, warnings and profiler-friendly code generation, so that
# every target is compiled alike and a profile of a release build shows names and lines.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_CXX_FLAGS_RELEASE "-O3 -DNDEBUG -g1") # -O3 where time is spent: see downscalexr_compile()
# ccache where it is there: a second clone, or a branch changed and back, compiles next to nothing.
find_program(DOWNSCALEXR_CCACHE ccache)
if(DOWNSCALEXR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The words and the flag are what ccache's manual asks for with GCC's precompiled headers; without them it caches no
  # source that has one.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime "${DOWNSCALEXR_CCACHE}")
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()
# Instruction sets that Highway's kernels are not compiled for. x86: five compile slower than four, and no CPU that runs
# this has SSSE3 without SSE4 (since 2008). ARM: accumulators are arrays of vectors, which SVE's, whose size only the CPU
# knows, cannot be; its CPUs have NEON.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(DOWNSCALEXR_HIGHWAY_WITHOUT "(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)")
else()
  set(DOWNSCALEXR_HIGHWAY_WITHOUT HWY_SSSE3)
endif()
# No fused multiply-add contraction behind our back: references and results stay comparable.
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -fno-omit-frame-pointer -ffp-contract=off)
if(DOWNSCALEXR_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
endif()
# Data races (scripts/sanitize thread says what of oneDNN and OpenMP it cannot see).
if(DOWNSCALEXR_TSAN)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
endif()
if(DOWNSCALEXR_TIDY)
  find_program(CLANG_TIDY clang-tidy)
  if(NOT CLANG_TIDY)
    message(FATAL_ERROR "The tidy preset needs clang-tidy, and libomp-dev for its omp.h: run scripts/setup --dev, or "
      "apt-get install clang-tidy libomp-dev")
  endif()
  set(CMAKE_CXX_CLANG_TIDY "${CLANG_TIDY};--quiet")
endif()
