// ProcessSupervision
