"""Ad rules (`adrules_library`): their words, what is checked of them, and where they are kept; none is carried out."""
