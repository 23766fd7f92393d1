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

# dnnl.hpp and fmt are most of what a small source file costs: compiled once for all libraries. Off in every preset but
# release, so that a source that forgets an include is found.
option(DOWNSCALEXR_PCH "Precompile the headers that most sources include" ON)

# downscalexr_room(kernels/base LIBRARIES...): every .cpp of that folder of the repository (not of folders below it).
# CONFIGURE_DEPENDS: a new operator is one new file, with no list to edit.
function(downscalexr_room folder)
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
  target_link_libraries(${target} PUBLIC ${downscalexr_${room}_rooms} ${ARGN})
  if(DOWNSCALEXR_PCH AND room STREQUAL "kernels_onednn")
    target_precompile_headers(${target} PRIVATE <dnnl.hpp> <fmt/format.h> <algorithm> <functional> <map> <string> <vector>)
  elseif(DOWNSCALEXR_PCH AND "downscalexr::kernels_onednn" IN_LIST downscalexr_${room}_rooms)
    target_precompile_headers(${target} REUSE_FROM downscalexr_kernels_onednn)
  endif()
endfunction()
