#![doc = "Binary TTLV."]
