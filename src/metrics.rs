//! Every metric of the server, declared once.
