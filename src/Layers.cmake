# The layers of the architecture, held by the compiler.
#
# Each layer is a static library with include directories of its own: one with its public headers
# (tidegauge/<layer>/...), which reach the layers that link it, and one with its private headers
# (<layer>/...), which nobody else sees. They hold links to the sources. An include of a layer that
# is not linked, directly or through a public dependency, finds no file.
#
# Distributions install all third-party headers in one place, so a layer also has a directory in
# front of it with an #error for each header of each library that the layer does not know.

# library_of_layer(LAYER NAME HEADER TARGET...): the library NAME belongs to LAYER alone. HEADER: one
# of its headers, as in #include; all headers in the same folder belong to the library, too. Call it
# before tidegauge_layer.
function(library_of_layer layer name header)
  find_path(tidegauge_${name}_root ${header} REQUIRED)
  mark_as_advanced(tidegauge_${name}_root)
  set(root ${tidegauge_${name}_root})
  get_filename_component(folder ${header} DIRECTORY)
  set(headers ${header})
  if(folder)
    file(GLOB_RECURSE headers RELATIVE ${root} ${root}/${folder}/*)
  endif()
  foreach(header IN LISTS headers)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/headers/forbidden/${name}/${header}
      CONTENT "#error \"${name} belongs to the layer '${layer}' alone\"\n")
  endforeach()
  set_property(GLOBAL APPEND PROPERTY tidegauge_libraries ${name})
  set_property(GLOBAL PROPERTY tidegauge_${name}_layer ${layer})
  set_property(GLOBAL PROPERTY tidegauge_${name}_targets ${ARGN})
endfunction()

# tidegauge_layer(LAYER [PUBLIC layers...] [PRIVATE layers...] SOURCES sources...)
#
# The layer may include the layers named. PUBLIC: its own public headers include them.
function(tidegauge_layer layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PUBLIC;PRIVATE;SOURCES")
  list(TRANSFORM arg_PUBLIC PREPEND tidegauge_)
  list(TRANSFORM arg_PRIVATE PREPEND tidegauge_)
  set(target tidegauge_${layer})
  set(headers ${PROJECT_BINARY_DIR}/headers/${layer})
  file(MAKE_DIRECTORY ${headers}/public/tidegauge ${headers}/private)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/tidegauge/${layer}
    ${headers}/public/tidegauge/${layer} SYMBOLIC)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/src/${layer} ${headers}/private/${layer} SYMBOLIC)

  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${headers}/public PRIVATE ${headers}/private)
  target_link_libraries(${target} PUBLIC ${arg_PUBLIC} PRIVATE tidegauge_flags ${arg_PRIVATE})

  get_property(libraries GLOBAL PROPERTY tidegauge_libraries)
  foreach(library IN LISTS libraries)
    get_property(owner GLOBAL PROPERTY tidegauge_${library}_layer)
    if(owner STREQUAL layer)
      get_property(targets GLOBAL PROPERTY tidegauge_${library}_targets)
      target_link_libraries(${target} PRIVATE ${targets})
    else()
      target_include_directories(${target} BEFORE PRIVATE
        ${PROJECT_BINARY_DIR}/headers/forbidden/${library})
    endif()
  endforeach()

  # For tests/build/layers_test.sh.
  file(GENERATE OUTPUT ${headers}/flags
    CONTENT "-I$<JOIN:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>, -I>\n")
endfunction()
