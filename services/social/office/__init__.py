"""The office: what a person does about social accounts and posts, on a command line."""
