//! Requests and answers of the control plane, without IO: used by the server and by the client.
