/** The job's user, by number, and that user's home: as whom something of the job's is done beside it. */
export interface UserHome {
  uid: number;
  gid: number;
  home: string;
}
