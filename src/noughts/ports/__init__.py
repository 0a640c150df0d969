"""The seams between services: promises, frozen structs and errors, and nothing that runs."""
