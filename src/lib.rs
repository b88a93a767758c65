#![doc = "keystrata"]
