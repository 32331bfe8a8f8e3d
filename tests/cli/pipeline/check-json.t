# Errors for programs.
# schema: refuses
file slipway.yaml
| slipway: 1
| project: demo
| jbs: {}
$ slipway check --json
> {
>   "file": "slipway.yaml",
>   "valid": false,
>   "errorCount": 2,
>   "errors": [
>     {
>       "line": 1,
>       "column": 1,
>       "message": "the file has no 'jobs'"
>     },
>     {
>       "line": 3,
>       "column": 1,
>       "message": "unknown key 'jbs' in the file; did you mean 'jobs'?"
>     }
>   ]
> }
! slipway.yaml:1:1: the file has no 'jobs'
!     slipway: 1
!     ^
! slipway.yaml:3:1: unknown key 'jbs' in the file; did you mean 'jobs'?
!     jbs: {}
!     ^
= 1
$ slipway plan --json
> {
>   "file": "slipway.yaml",
>   "valid": false,
>   "errorCount": 2,
>   "errors": [
>     {
>       "line": 1,
>       "column": 1,
>       "message": "the file has no 'jobs'"
>     },
>     {
>       "line": 3,
>       "column": 1,
>       "message": "unknown key 'jbs' in the file; did you mean 'jobs'?"
>     }
>   ]
> }
! slipway.yaml:1:1: the file has no 'jobs'
!     slipway: 1
!     ^
! slipway.yaml:3:1: unknown key 'jbs' in the file; did you mean 'jobs'?
!     jbs: {}
!     ^
= 1
