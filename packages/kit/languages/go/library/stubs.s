// Go accepts functions without a body only beside a file like this one.
