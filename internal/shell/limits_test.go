package shell_test

// nesting are texts that nest when they are repeated.
var nesting = []string{"$("}
