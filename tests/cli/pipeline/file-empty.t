# Nothing is not a pipeline.
# schema: n/a: not one YAML document
file slipway.yaml
| # nothing here
$ slipway check
! slipway.yaml:1:1: the file is empty
!     # nothing here
!     ^
= 1
