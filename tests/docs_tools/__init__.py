"""Pages of the project that are made, whole or in part, from what the code knows; a test holds that none has drifted."""
