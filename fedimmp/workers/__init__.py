"""Work that is a row: deliveries, received activities, jobs, and tidying up."""
