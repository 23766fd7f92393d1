# A room is a folder of sources with one purpose: one static library, linked to the rooms that cmake/rooms.txt allows it.
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/rooms.txt" room_lines REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${CMAKE_CURRENT_LIST_DIR}/rooms.txt")
foreach(line IN LISTS room_lines)
  string(REGEX MATCH "^([a-z/]+):(.*)$" matched "${line}")
  string(REPLACE "/" "_" room "${CMAKE_MATCH_1}")
  separate_arguments(below UNIX_COMMAND "${CMAKE_MATCH_2}")
  list(TRANSFORM below REPLACE "/" "_")
  list(TRANSFORM below PREPEND "downscalexr::")
  list(APPEND downscalexr_rooms ${room})
  set(downscalexr_${room}_rooms ${below})
endforeach()

# Two ways to compile less: headers that most sources include are compiled once (cmake/pch), and eight files of a room are one
# unit. The presets debug and tidy do without both, so that a source that forgets an include or hides a name is found.
option(DOWNSCALEXR_PCH "Precompile the headers that most sources include" ON)
option(DOWNSCALEXR_UNITY "Compile several sources of a room as one" ON)

# Hot: -O3, with line tables for profilers. Study and tests compute little, and optimising what JSON's templates and EXPECT_THAT
# expand to takes long.
set(downscalexr_hot_options -O3)
set(downscalexr_study_options -O1 -g0)
set(downscalexr_tests_options -O1 -g0)

# downscalexr_compile(TARGET KIND): how the sources of a target are compiled: hot, study or tests.
function(downscalexr_compile target kind)
  target_compile_options(${target} PRIVATE "$<$<CONFIG:Release>:${downscalexr_${kind}_options}>")
  if(DOWNSCALEXR_PCH)
    # A precompiled header fits only sources with the same flags: those without OpenMP get its flag, and make nothing of it.
    separate_arguments(openmp UNIX_COMMAND "${OpenMP_CXX_FLAGS}")
    target_compile_options(${target} PRIVATE ${openmp})
    target_precompile_headers(${target} REUSE_FROM downscalexr_pch_${kind})
  endif()
  if(DOWNSCALEXR_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # A type of an anonymous namespace inside an Impl: harmless in a source, and each of these is one.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
  endif()
endfunction()

# downscalexr_hot_sources(FILES...): those that compute, in a room that does not.
function(downscalexr_hot_sources)
  set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-O3;-g1>"
    SKIP_PRECOMPILE_HEADERS ON SKIP_UNITY_BUILD_INCLUSION ON)
endfunction()

# downscalexr_room(kernels/base [HOT] LIBRARIES...): every .cpp of that folder of the repository (not of folders below it).
# CONFIGURE_DEPENDS: a new operator is one new file, with no list to edit.
function(downscalexr_room folder)
  cmake_parse_arguments(PARSE_ARGV 1 room "HOT" "" "")
  string(REPLACE "/" "_" room "${folder}")
  if(NOT room IN_LIST downscalexr_rooms)
    message(FATAL_ERROR "${folder} is not in cmake/rooms.txt: add its line, below the rooms that it uses")
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${folder}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "_main\\.cpp$")
  set(target downscalexr_${room})
  add_library(${target} STATIC ${sources})
  add_library(downscalexr::${room} ALIAS ${target})
  target_include_directories(${target} PUBLIC "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
  target_link_libraries(${target} PUBLIC ${downscalexr_${room}_rooms} ${room_UNPARSED_ARGUMENTS})
  set(kind study)
  if(room_HOT)
    set(kind hot)
  endif()
  downscalexr_compile(${target} ${kind})
endfunction()
